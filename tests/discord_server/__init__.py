"""A Discord on this machine, for tests: a loopback server to which a real discord.py client connects.

It speaks the gateway (version 10) and the REST routes that a bot with slash commands, buttons, modals, threads and
direct messages calls. It keeps Discord's limits, deadlines and permissions, so that a test sees what a user would
see, and it can misbehave on command as Discord and networks do. Everything is in memory; nothing is random but ids.

    async with DiscordServer() as server:
        with server.in_place_of_discord():              # or give a process api_url, gateway_url and token
            ...                                         # start the bot
            await server.gateway.connected()
            ada = server.user("ada")
            asked = await ada.slash("ask", question="Why?")
            response = await asked.finished()           # InteractionFailed after 3 s without acknowledgement
            clicked = await ada.clicks(response, "More")
            await ada.says(server.channel, "And why?", mentions=[server.bot], reply_to=response)
            reply = await server.next_message()
        assert not (server.refusals or server.violations or server.pings() or server.thinking())

Where to look:

- `server.py`: the server as a whole, and what the bot did: `calls`, `refusals`, `violations`, `pings()`, `syncs`
- `people.py`, `asking.py`: what people type and click; Discord's client would not send what they refuse to send
- `interactions.py`, `state.py`: what people see: interactions, messages with their history, channels
- `gateway.py`: connections, and their bad weather: `drop`, `cut`, `refuse`, `reconnect`, `invalidate`, `redeliver`
- `weather.py`: bad weather of the REST routes: `fail`, `rate_limit`, `cut`, `slow`
- `limits.py`, `command_limits.py`, `mentions.py`: pure functions: what Discord refuses, whom a message pings
- `rules.py`: the numbers that a test can change: deadlines, heartbeats, shards, privileged intents

Not there: voice, components of version 2, webhooks of one's own, context menus, presences, audit logs, compression of
the gateway, rate-limit headers (limits come on command only), the previews and markup that Discord's client makes.
Where Discord's behaviour is not written down, the stricter reading is taken (see `mentions.pings`).
"""

from tests.discord_server.asking import NotOffered, Upload
from tests.discord_server.intents import Intent
from tests.discord_server.interactions import Interaction, InteractionFailed
from tests.discord_server.people import Choices, Person
from tests.discord_server.permissions import Permission
from tests.discord_server.rules import Rules
from tests.discord_server.server import TOKEN, DiscordServer
from tests.discord_server.state import Account, Button, Channel, Guild, Message

__all__ = [
    "TOKEN",
    "Account",
    "Button",
    "Channel",
    "Choices",
    "DiscordServer",
    "Guild",
    "Intent",
    "Interaction",
    "InteractionFailed",
    "Message",
    "NotOffered",
    "Permission",
    "Person",
    "Rules",
    "Upload",
]

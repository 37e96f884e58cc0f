"""What exists at the server, in the form in which Discord sends it."""

from __future__ import annotations

from tests.discord_server.errors import Json
from tests.discord_server.permissions import EVERYBODY
from tests.discord_server.snowflakes import moment, timestamp
from tests.discord_server.state import (
    DIRECT,
    HAS_THREAD,
    PRIVATE_THREAD,
    SLASH,
    STARTER,
    Account,
    Channel,
    File,
    Guild,
    Message,
    Role,
)


def user_json(account: Account) -> Json:
    """Return the user object of an account."""
    return {
        "id": str(account.id),
        "username": account.name,
        "discriminator": "0",
        "global_name": account.name.title(),
        "avatar": None,
        "bot": account.bot,
        "public_flags": 0,
    }


def member_json(account: Account, guild: Guild, *, with_user: bool = True, channel: Channel | None = None) -> Json:
    """Return the member object of an account in a guild; with its permissions in a channel if one is given."""
    member: Json = {
        "nick": None,
        "avatar": None,
        "roles": [str(role.id) for role in guild.roles_of.get(account.id, [])],
        "joined_at": timestamp(moment(guild.id)),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    if with_user:
        member["user"] = user_json(account)
    if channel is not None:
        member["permissions"] = str(int(channel.permissions_of(account)))
    return member


def role_json(role: Role, position: int) -> Json:
    """Return the object of a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(int(role.permissions)),
        "managed": False,
        "mentionable": True,
        "flags": 0,
    }


def channel_json(channel: Channel) -> Json:
    """Return the object of a channel, a thread or direct messages."""
    last = next(reversed(channel.by_id), None)
    common: Json = {"id": str(channel.id), "type": channel.kind, "flags": 0}
    common["last_message_id"] = None if last is None else str(last)
    if channel.kind == DIRECT:
        recipients = [user_json(channel.person)] if channel.person else []
        return {**common, "recipients": recipients}
    assert channel.guild is not None
    common |= {
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "rate_limit_per_user": 0,
        "permissions": str(int(channel.permissions_of(channel.world.bot))),
    }
    return {**common, **(thread_part(channel) if channel.is_thread else text_channel_part(channel))}


def text_channel_part(channel: Channel) -> Json:
    """Return what a text channel has beside what all channels have."""
    overwrites = [
        {"id": str(id), "type": 1, "allow": "0", "deny": str(int(permissions))}
        for id, permissions in channel.denied.items()
    ]
    return {
        "permission_overwrites": overwrites,
        "position": 0,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "default_auto_archive_duration": 1440,
    }


def thread_part(thread: Channel) -> Json:
    """Return what a thread has beside what all channels have."""
    assert thread.parent is not None
    assert thread.owner is not None
    part: Json = {
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner.id),
        "message_count": len(thread.messages),
        "total_message_sent": len(thread.by_id),
        "member_count": len(thread.thread_members),
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": timestamp(moment(thread.id)),
            "auto_archive_duration": 1440,
            "locked": thread.locked,
            "create_timestamp": timestamp(moment(thread.id)),
            **({"invitable": True} if thread.kind == PRIVATE_THREAD else {}),
        },
    }
    if thread.world.bot.id in thread.thread_members:
        part["member"] = thread_member_json(thread, thread.world.bot.id)
    return part


def thread_member_json(thread: Channel, account_id: int) -> Json:
    """Return the object of a member of a thread."""
    joined = timestamp(moment(thread.id))
    return {"id": str(thread.id), "user_id": str(account_id), "join_timestamp": joined, "flags": 0}


def guild_json(guild: Guild, *, with_members: bool) -> Json:
    """Return the guild as GUILD_CREATE gives it: with all members only if the bot may know them."""
    bot = guild.world.bot
    members = guild.members.values() if with_members else [bot]
    places = list(guild.channels.values())
    return {
        **guild_summary(guild),
        "joined_at": timestamp(moment(guild.id)),
        "large": False,
        "member_count": len(guild.members),
        "members": [member_json(account, guild) for account in members],
        "channels": [channel_json(channel) for channel in places if not channel.is_thread],
        "threads": [channel_json(channel) for channel in places if channel.is_thread and not channel.archived],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def guild_summary(guild: Guild) -> Json:
    """Return the guild as the REST route gives it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(guild.owner.id),
        "roles": [role_json(role, position) for position, role in enumerate(guild.roles.values())],
        "emojis": [],
        "stickers": [],
        "features": [],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
    }


def file_json(file: File) -> Json:
    """Return the object of an attached file."""
    return {
        "id": str(file.id),
        "filename": file.name,
        "size": len(file.data),
        "url": file.url,
        "proxy_url": file.url,
        "content_type": file.content_type,
        "flags": 0,
    }


def message_json(message: Message, *, readable: bool = True, with_reply: bool = True) -> Json:
    """Return the object of a message; where it is not `readable`, all that the author wrote is missing."""
    now, channel = message.now, message.channel
    guild = channel.guild
    result: Json = {
        "id": str(message.id),
        "channel_id": str(channel.id),
        "type": message.kind,
        "author": user_json(message.author),
        "content": now.content if readable else "",
        "embeds": [{"type": "rich", **embed} for embed in now.embeds] if readable else [],
        "components": now.components if readable else [],
        "attachments": [file_json(file) for file in now.files] if readable else [],
        "timestamp": timestamp(moment(message.id)),
        "edited_timestamp": timestamp(now.when) if message.edited else None,
        "tts": False,
        "pinned": False,
        "flags": now.flags | (HAS_THREAD if message.thread else 0),
        "mention_everyone": message.pings.everyone,
        "mentions": mentions_json(message),
        "mention_roles": [str(id) for id in sorted(message.pings.roles)],
        "reactions": reactions_json(message),
    }
    if message.nonce is not None:
        result["nonce"] = message.nonce
    if message.thread is not None:
        result["thread"] = channel_json(message.thread)
    if message.interaction is not None:
        result |= interaction_part(message)
    if message.reply_to is not None:
        result["message_reference"] = {
            "type": 0,
            "message_id": str(message.reply_to.id),
            "channel_id": str(message.reply_to.channel.id),
            **({"guild_id": str(guild.id)} if guild else {}),
        }
        if with_reply or message.kind == STARTER:
            result["referenced_message"] = referenced_json(message.reply_to)
    return result


def referenced_json(message: Message) -> Json | None:
    """Return the message that another refers to, None if it was deleted."""
    if message.deleted:
        return None
    return message_json(message, readable=is_readable(message, False), with_reply=False)


def mentions_json(message: Message) -> list[Json]:
    """Return the users whom a message pings, in a guild with their member objects."""
    accounts, guild = message.channel.world.accounts, message.channel.guild
    found = [accounts[id] for id in sorted(message.pings.users) if id in accounts]
    if guild is None:
        return [user_json(account) for account in found]
    return [{**user_json(account), "member": member_json(account, guild, with_user=False)} for account in found]


def reactions_json(message: Message) -> list[Json]:
    """Return the reactions to a message."""
    bot = message.channel.world.bot.id
    return [
        {"emoji": {"id": None, "name": emoji}, "count": len(people), "me": bot in people, "me_burst": False}
        for emoji, people in message.reactions.items()
        if people
    ]


def interaction_part(message: Message) -> Json:
    """Return what a message has beside the rest if it answers an interaction."""
    interaction = message.interaction
    assert interaction is not None
    application = str(message.channel.world.bot.id)
    part: Json = {"application_id": application, "webhook_id": application}
    if message.kind == SLASH:
        user = user_json(interaction.user)
        part["interaction_metadata"] = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": user,
            "authorizing_integration_owners": {},
        }
    return part


def is_readable(message: Message, message_content: bool) -> bool:
    """Tell whether the bot gets what was written in a message.

    Without the intent for message contents it does so in direct messages, where it is mentioned (a reply that pings
    it mentions it), and where it wrote the message.
    """
    bot = message.channel.world.bot
    return message_content or message.channel.kind == DIRECT or message.author is bot or bot.id in message.pings.users


def everyones_role(guild_id: int) -> Role:
    """Return the role that every member of a guild has."""
    return Role(guild_id, "@everyone", EVERYBODY)

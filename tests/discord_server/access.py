"""What the bot can see and do: the checks before a request takes effect."""

from __future__ import annotations

from tests.discord_server.errors import missing_access, missing_permissions, unknown
from tests.discord_server.permissions import Permission
from tests.discord_server.state import PRIVATE_THREAD, Channel, Message
from tests.discord_server.world import World


def seen_channel(world: World, channel_id: int) -> Channel:
    """Return a channel that the bot can see; ApiError 404 or 403."""
    channel = world.channels.get(channel_id)
    if channel is None:
        raise unknown("Channel")
    if Permission.VIEW_CHANNEL not in channel.permissions_of(world.bot):
        raise missing_access()
    if channel.kind == PRIVATE_THREAD and world.bot.id not in channel.thread_members:
        raise missing_access()
    return channel


def seen_message(world: World, channel_id: int, message_id: int) -> Message:
    """Return a message that the bot can see; one for a single person can only be reached by its interaction."""
    message = seen_channel(world, channel_id).by_id.get(message_id)
    if message is None or message.deleted or message.ephemeral:
        raise unknown("Message")
    return message


def require(channel: Channel, *permissions: Permission) -> None:
    """Raise ApiError 403 if the bot lacks one of the permissions in a channel."""
    has = channel.permissions_of(channel.world.bot)
    if any(permission not in has for permission in permissions):
        raise missing_permissions()


def speaking(channel: Channel) -> Permission:
    """Return the permission to write in a channel."""
    return Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES

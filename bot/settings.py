"""What can be set of the bot: one validated object, read once and passed on.

`CITEBOT_*` variables, then `citebot.toml`, then the defaults below; the token from `DISCORD_TOKEN` alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AliasChoices, AnyHttpUrl, AnyWebsocketUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.errors import StartError
from rag.settings import LayeredSettings


def _store_path() -> Path:
    return Path(platformdirs.user_data_dir("citebot")) / "bot.sqlite3"


class BotSettings(LayeredSettings):
    """The settings of the bot; every field is also the variable `CITEBOT_<FIELD>`, except `token`."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # a token that is wrong is still a secret

    token: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("DISCORD_TOKEN"), description="the bot's token (DISCORD_TOKEN)"
    )
    discord_api: AnyHttpUrl = Field(AnyHttpUrl("https://discord.com/api/v10"), description="where Discord's API is")
    discord_gateway: AnyWebsocketUrl = Field(
        AnyWebsocketUrl("wss://gateway.discord.gg/"), description="where Discord's gateway is"
    )
    discord_shards: int | None = Field(None, ge=1, description="shards; unset: as many as Discord asks for")
    discord_store: Path = Field(default_factory=_store_path, description="the file with what the bot keeps")
    discord_keep_days: int = Field(30, ge=1, description="days for which questions, answers and votes are kept")
    discord_admins: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="user ids, with commas between, that may use /admin; the bot's owner always may"
    )
    discord_workers: int = Field(2, ge=1, le=64, description="questions that are answered at the same time")
    discord_queue: int = Field(500, ge=1, description="questions that may wait")
    discord_time_limit: float = Field(90.0, gt=0, description="seconds for one answer, without the wait before it")
    discord_user_questions: int = Field(8, ge=0, description="questions a user may ask a minute; 0: any number")
    discord_channel_questions: int = Field(240, ge=0, description="questions a channel may ask a minute; 0: any number")
    health_port: int | None = Field(None, ge=1, le=65535, description="port of the health endpoint; unset: none")
    health_host: str = Field("127.0.0.1", description="address of the health endpoint")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="how much is logged")

    @field_validator("discord_admins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take "1, 2" for two ids."""
        return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else value

    @field_validator("discord_store")
    @classmethod
    def _expand_home(cls, path: Path) -> Path:
        return path.expanduser()


def load_bot_settings() -> BotSettings:
    """Return the bot's settings; raises StartError with one line that names the setting that is wrong."""
    try:
        return BotSettings()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        variable = name if name.isupper() else f"CITEBOT_{name.upper()}"
        raise StartError(f"{variable}: {first['msg']}") from error
    except ValueError as error:
        raise StartError(f"citebot.toml cannot be read: {error}") from error

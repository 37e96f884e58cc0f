"""What can be set: one validated object, read once and passed on.

Command-line options come first, then `CITEBOT_*` variables, then `citebot.toml` in the working
directory, then the defaults below.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rag.errors import SettingsError

DEFAULT_EMBEDDING_MODEL = "all-MiniLM-L6-v2"


def _user_cache() -> Path:
    return Path(platformdirs.user_cache_dir("citebot"))


class LayeredSettings(BaseSettings):
    """Settings that are read from what they are made with, then from variables, then from the file."""

    model_config = SettingsConfigDict(
        env_prefix="CITEBOT_", toml_file="citebot.toml", frozen=True, extra="ignore", env_ignore_empty=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the sources in the order that the module's first lines promise."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


class Settings(LayeredSettings):
    """The settings of citebot; every field is also the variable `CITEBOT_<FIELD>`."""

    library: Path | None = Field(None, description="directory of the library; unset: the default library")
    cache_dir: Path = Field(default_factory=_user_cache, description="where the exported embedding model is kept")
    embedding_model: str = Field(
        DEFAULT_EMBEDDING_MODEL, description="a sentence-transformers model: a name, or a directory on disk"
    )
    chroma_url: str | None = Field(None, description="a Chroma server, for example http://127.0.0.1:8000")
    threads: int = Field(2, ge=1, le=64, description="processor threads for the models that run on this machine")
    llm: str | None = Field(None, description='a language model, for example "ollama:qwen3:4b"; unset: none is used')
    nli: str | None = Field(
        None,
        description="a CrossEncoder for natural-language inference, which decides on doubtful claims",
    )
    llm_timeout: float = Field(60, gt=0, le=3600, description="seconds that a model may take for a whole reply")
    llm_silence_timeout: float = Field(
        30, gt=0, le=3600, description="seconds that a model may be silent: before its first word, and between two"
    )
    llm_max_tokens: int = Field(400, ge=1, description="tokens that a model may write in one reply")
    llm_concurrency: int = Field(2, ge=1, le=64, description="calls to a model that may run at the same time")
    llm_rewrite: bool = Field(False, description="let the model complete follow-up questions before they are answered")
    llm_cache: bool = Field(True, description="keep the replies of models, and use them again for the same prompt")

    @field_validator("library", "cache_dir")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        """Take "~" for the home directory: no shell does it in a file, nor behind "=" in quotation marks."""
        return path.expanduser() if path else None

    @property
    def library_directory(self) -> Path:
        """The directory of the library in use."""
        return self.library or default_library_directory()


def default_library_directory() -> Path:
    """Return where the library lives that is used when none is named."""
    return Path(platformdirs.user_data_dir("citebot")) / "library"


def load_settings(**options: object) -> Settings:
    """Return the settings; `options` that are not None win over variables and file.

    Raises SettingsError with one line that names the setting and what is wrong with it.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise SettingsError(f"CITEBOT_{name.upper()}: {first['msg']} (got {first['input']!r})") from error
    except ValueError as error:
        raise SettingsError(f"citebot.toml cannot be read: {error}") from error

"""Discord's limits on messages and components: pure functions from a request's body to what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.discord_server.errors import Json, Problem

CONTENT = 2_000
EMBEDS = 10
EMBEDS_IN_ALL = 6_000
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4_096
EMBED_FIELDS = 25
FIELD_NAME = 256
FIELD_VALUE = 1_024
FOOTER = 2_048
AUTHOR = 256
ROWS = 5
BUTTONS_IN_A_ROW = 5
LABEL = 80
CUSTOM_ID = 100
URL = 512
SELECT_OPTIONS = 25
SELECT_TEXT = 100
PLACEHOLDER = 150
CHOICES = 25
CHOICE = 100
THREAD_NAME = 100
NONCE = 25
MODAL_TITLE = 45
INPUT_VALUE = 4_000

COMPONENTS_V2 = 1 << 15
ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
LABEL_COMPONENT = 18
LINK_STYLE = 5

Path = tuple[str | int, ...]


# --------------------------------------------------------------------------- text


def too_long(path: Path, text: Any, most: int) -> Iterator[Problem]:
    """Yield a problem if the text is no text, or longer than `most` characters."""
    if text is not None and not isinstance(text, str):
        yield Problem(path, "BASE_TYPE_BAD_STRING", "Could not interpret value as string.")
    elif text is not None and len(text.strip()) > most:
        yield Problem(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def required(path: Path, text: Any, most: int, least: int = 1) -> Iterator[Problem]:
    """Yield a problem if the text is missing, empty, or longer than `most` characters."""
    if text is None or text == "" or (isinstance(text, str) and not text.strip()):
        yield Problem(path, "BASE_TYPE_REQUIRED", "This field is required")
    elif not isinstance(text, str):
        yield Problem(path, "BASE_TYPE_BAD_STRING", "Could not interpret value as string.")
    elif not least <= len(text.strip()) <= most:
        yield Problem(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def is_web_address(url: Any, schemes: Iterable[str] = ("http", "https")) -> bool:
    """Tell whether the text is an address of the web that Discord takes for a link."""
    if not isinstance(url, str) or any(character.isspace() for character in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme.lower() in schemes and bool(host)


# --------------------------------------------------------------------------- messages


def message_problems(payload: Json) -> list[Problem]:
    """Return what is wrong with the body of a message, be it new, an edit, or an interaction's response."""
    problems = [*too_long(("content",), payload.get("content"), CONTENT)]
    problems += embeds_problems(payload.get("embeds") or [])
    problems += components_problems(payload.get("components") or [])
    problems += allowed_mentions_problems(payload.get("allowed_mentions") or {})
    if len(str(payload.get("nonce") or "")) > NONCE:
        problems.append(Problem(("nonce",), "NONCE_TYPE_TOO_LONG", f"Must be {NONCE} or fewer in length."))
    if int(payload.get("flags") or 0) & COMPONENTS_V2:
        problems.append(Problem(("flags",), "UNSUPPORTED_HERE", "This test server has no components of version 2."))
    return problems


def embeds_problems(embeds: list[Json]) -> Iterator[Problem]:
    """Yield what is wrong with the embeds of a message."""
    if len(embeds) > EMBEDS:
        yield Problem(("embeds",), "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS} or fewer in length.")
    for at, embed in enumerate(embeds):
        yield from embed_problems(("embeds", at), embed)
    if sum(map(embed_size, embeds)) > EMBEDS_IN_ALL:
        message = f"Embed size exceeds maximum size of {EMBEDS_IN_ALL}"
        yield Problem(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def embed_problems(path: Path, embed: Json) -> Iterator[Problem]:
    """Yield what is wrong with one embed."""
    yield from too_long((*path, "title"), embed.get("title"), EMBED_TITLE)
    yield from too_long((*path, "description"), embed.get("description"), EMBED_DESCRIPTION)
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    yield from too_long((*path, "footer", "text"), footer.get("text"), FOOTER)
    yield from too_long((*path, "author", "name"), author.get("name"), AUTHOR)
    fields = embed.get("fields") or []
    if len(fields) > EMBED_FIELDS:
        yield Problem((*path, "fields"), "BASE_TYPE_MAX_LENGTH", f"Must be {EMBED_FIELDS} or fewer in length.")
    for at, field in enumerate(fields):
        yield from required((*path, "fields", at, "name"), field.get("name"), FIELD_NAME)
        yield from required((*path, "fields", at, "value"), field.get("value"), FIELD_VALUE)
    for where, url in (("url", embed.get("url")), ("author", author.get("url"))):
        if url and not is_web_address(url):
            yield Problem((*path, where), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    for part in ("image", "thumbnail"):
        url = (embed.get(part) or {}).get("url")
        if url and not is_web_address(url, ("http", "https", "attachment")):
            yield Problem((*path, part, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def embed_texts(embed: Json) -> list[str]:
    """Return the texts of an embed, in the order in which they are shown."""
    texts = [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
    for field in embed.get("fields") or []:
        texts += [field.get("name"), field.get("value")]
    texts.append((embed.get("footer") or {}).get("text"))
    return [text for text in texts if isinstance(text, str) and text]


def embed_size(embed: Json) -> int:
    """Return how many characters of an embed count towards the 6,000 of a message."""
    return sum(len(text.strip()) for text in embed_texts(embed))


def allowed_mentions_problems(allowed: Json) -> Iterator[Problem]:
    """Yield what is wrong with `allowed_mentions`."""
    for kind in ("users", "roles"):
        ids = allowed.get(kind) or []
        if len(ids) > 100:
            yield Problem(("allowed_mentions", kind), "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        if ids and kind in (allowed.get("parse") or []):
            message = f"parse:[{kind}] and {kind}: [ids...] are mutually exclusive."
            yield Problem(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


# --------------------------------------------------------------------------- components


def components_problems(rows: list[Json]) -> Iterator[Problem]:
    """Yield what is wrong with the rows of buttons and selects of a message."""
    if len(rows) > ROWS:
        yield Problem(("components",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS} in length.")
    seen: set[str] = set()
    for at, row in enumerate(rows):
        path: Path = ("components", at)
        if row.get("type") != ROW:
            yield Problem((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1}.")
            continue
        parts = row.get("components") or []
        if not 1 <= len(parts) <= BUTTONS_IN_A_ROW:
            message = f"Must be between 1 and {BUTTONS_IN_A_ROW} in length."
            yield Problem((*path, "components"), "BASE_TYPE_BAD_LENGTH", message)
        if len(parts) > 1 and any(part.get("type") in SELECTS for part in parts):
            yield Problem((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills a row.")
        for place, part in enumerate(parts):
            yield from part_problems((*path, "components", place), part, seen)


def part_problems(path: Path, part: Json, seen: set[str]) -> Iterator[Problem]:
    """Yield what is wrong with one button or select; `seen` are the custom ids of the message so far."""
    if part.get("type") == BUTTON:
        yield from button_problems(path, part)
    elif part.get("type") in SELECTS:
        yield from required((*path, "custom_id"), part.get("custom_id"), CUSTOM_ID)
        yield from select_problems(path, part)
    else:
        yield Problem((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 5, 6, 7, 8}.")
    custom_id = part.get("custom_id")
    if custom_id in seen:
        message = "Component custom id cannot be duplicated"
        yield Problem((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
    if custom_id is not None:
        seen.add(custom_id)


def button_problems(path: Path, button: Json) -> Iterator[Problem]:
    """Yield what is wrong with a button."""
    style = button.get("style")
    if style not in (1, 2, 3, 4, LINK_STYLE):
        yield Problem((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5}.")
    yield from too_long((*path, "label"), button.get("label"), LABEL)
    if not (button.get("label") or "").strip() and not button.get("emoji"):
        yield Problem((*path, "label"), "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji.")
    emoji = button.get("emoji") or {}
    if emoji and not emoji.get("id") and str(emoji.get("name") or "").isascii():
        yield Problem((*path, "emoji", "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")
    if style == LINK_STYLE:
        if button.get("custom_id") is not None:
            message = "A custom id and url cannot both be specified"
            yield Problem((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
        yield from required((*path, "url"), button.get("url"), URL)
        if button.get("url") and not is_web_address(button["url"]):
            message = "Scheme must be one of ('http', 'https')."
            yield Problem((*path, "url"), "URL_TYPE_INVALID_SCHEME", message)
    else:
        yield from required((*path, "custom_id"), button.get("custom_id"), CUSTOM_ID)
        if button.get("url") is not None:
            message = "A custom id and url cannot both be specified"
            yield Problem((*path, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)


def select_problems(path: Path, select: Json) -> Iterator[Problem]:
    """Yield what is wrong with a select, its custom id aside."""
    yield from too_long((*path, "placeholder"), select.get("placeholder"), PLACEHOLDER)
    if select.get("type") != STRING_SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= SELECT_OPTIONS:
        message = f"Must be between 1 and {SELECT_OPTIONS} in length."
        yield Problem((*path, "options"), "BASE_TYPE_BAD_LENGTH", message)
    seen: set[str] = set()
    for at, option in enumerate(options):
        here = (*path, "options", at)
        yield from required((*here, "label"), option.get("label"), SELECT_TEXT)
        yield from required((*here, "value"), option.get("value"), SELECT_TEXT)
        yield from too_long((*here, "description"), option.get("description"), SELECT_TEXT)
        if option.get("value") in seen:
            message = "The specified option value is already used"
            yield Problem((*here, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        seen.add(str(option.get("value")))


# --------------------------------------------------------------------------- the rest


def choices_problems(choices: Any) -> Iterator[Problem]:
    """Yield what is wrong with the choices of an autocomplete, or of an option of a command."""
    if not isinstance(choices, list):
        yield Problem(("choices",), "BASE_TYPE_REQUIRED", "This field is required")
        return
    if len(choices) > CHOICES:
        yield Problem(("choices",), "BASE_TYPE_MAX_LENGTH", f"Must be {CHOICES} or fewer in length.")
    for at, choice in enumerate(choices):
        yield from required(("choices", at, "name"), choice.get("name"), CHOICE)
        if not isinstance(choice.get("value"), int | float):
            yield from required(("choices", at, "value"), choice.get("value"), CHOICE)


def thread_name_problems(name: Any) -> Iterator[Problem]:
    """Yield what is wrong with the name of a thread."""
    yield from required(("name",), name, THREAD_NAME)


def modal_problems(modal: Json) -> Iterator[Problem]:
    """Yield what is wrong with a modal."""
    yield from required(("title",), modal.get("title"), MODAL_TITLE)
    yield from required(("custom_id",), modal.get("custom_id"), CUSTOM_ID)
    rows = modal.get("components") or []
    if not 1 <= len(rows) <= ROWS:
        yield Problem(("components",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS} in length.")
    seen: set[str] = set()
    for at, field in enumerate(modal_inputs(modal)):
        path: Path = ("components", at)
        yield from required((*path, "custom_id"), field.get("custom_id"), CUSTOM_ID)
        yield from too_long((*path, "placeholder"), field.get("placeholder"), SELECT_TEXT)
        yield from too_long((*path, "value"), field.get("value"), INPUT_VALUE)
        if field.get("label") is not None:
            yield from required((*path, "label"), field["label"], MODAL_TITLE)
        if field.get("custom_id") in seen:
            message = "Component custom id cannot be duplicated"
            yield Problem((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        seen.add(str(field.get("custom_id")))


def modal_inputs(modal: Json) -> list[Json]:
    """Return the inputs of a modal, each with the label under which it is shown."""
    inputs: list[Json] = []
    for row in modal.get("components") or []:
        if row.get("type") == LABEL_COMPONENT:
            inputs.append({**(row.get("component") or {}), "label": row.get("label")})
        else:
            inputs += row.get("components") or []
    return inputs

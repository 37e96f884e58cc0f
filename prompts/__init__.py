"""The prompts, one Markdown file each: what it is for, what goes in and what comes out at the top, then the messages.

A file begins with a head between `---` lines (`task`, `inputs`, `returns`), then has a section `# system` (which may
be left out) and a section `# user`. `$name` stands for an input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

# A prompt's own fences: what is filled in must not be able to close one and speak from outside it.
_FENCE = re.compile(r"<(?=\s*/?\s*(?:evidence|question|conversation|paper)\b)", re.I)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as its file has it: what it is for, the names of its inputs, what it returns, and its messages."""

    name: str
    task: str
    inputs: frozenset[str]
    returns: str
    messages: tuple[tuple[str, str], ...]  # (role, template)

    def render(self, **inputs: str) -> list[tuple[str, str]]:
        """Return the messages, (role, text), with the inputs filled in as data: none of them can end its fence.

        Raises ValueError when an input is missing or there is one too many.
        """
        if set(inputs) != self.inputs:
            raise ValueError(f"prompt {self.name} takes {sorted(self.inputs)}, not {sorted(inputs)}")
        fenced = {name: fence(text) for name, text in inputs.items()}
        return [(role, Template(template).substitute(fenced)) for role, template in self.messages]


def fence(text: str) -> str:
    """Return a text that holds no tag of a prompt's own: "</evidence>" becomes "(/evidence>"."""
    return _FENCE.sub("(", text)


@cache
def load(name: str) -> Prompt:
    """Return the prompt `prompts/<name>.md`."""
    text = resources.files("prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    fields = dict(line.split(":", 1) for line in head.splitlines())
    parts = re.split(r"^# (system|user)$", body, flags=re.M)[1:]
    messages = tuple((role, template.strip()) for role, template in zip(parts[::2], parts[1::2], strict=True))
    inputs = frozenset(filter(None, (each.strip() for each in fields["inputs"].split(","))))
    return Prompt(name, fields["task"].strip(), inputs, fields["returns"].strip(), messages)


def names() -> list[str]:
    """Return the names of all prompts."""
    return sorted(
        file.name.removesuffix(".md") for file in resources.files("prompts").iterdir() if file.name.endswith(".md")
    )

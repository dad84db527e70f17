"""Whether the keys that sign cookies can be guessed."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app

from .findings import Finding, fault, note, ok

#: Bytes: fewer can be guessed, and what RFC 7518 asks for. And how many different ones a random key has at least.
_LEAST, _ENOUGH, _FEWEST = 16, 32, 8
#: What tutorials and templates have in its place.
_WORDS = (
    *("secret", "changeme", "change-me", "change_me", "change this", "replace", "password", "precious", "insecure"),
    *("hard to guess", "hard-to-guess", "never-guess", "example", "default", "development"),
)
_EXAMPLES = ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", '_5#y2l"f4q8z\n\xec]/')
_GENERATE = 'Make one: python -c "import secrets; print(secrets.token_hex(32))"'


def secret_key() -> Iterator[Finding]:
    key, fallbacks = current_app.secret_key, current_app.config.get("SECRET_KEY_FALLBACKS")
    if not key:
        yield fault("SECRET_KEY is not set, so that nobody can sign in.", _GENERATE)
    else:
        yield _about("SECRET_KEY", key)
    if isinstance(fallbacks, str | bytes):
        yield fault("SECRET_KEY_FALLBACKS is a text, each letter of which is taken for a key.", "Make it a list.")
        return
    for number, old in enumerate(fallbacks or ()):
        if old and (found := _about(f"SECRET_KEY_FALLBACKS[{number}]", old)).change:
            yield found._replace(change="Remove it.")
        if old == key:
            yield note(f"SECRET_KEY_FALLBACKS[{number}] is the key itself.", "Put the key there that it has replaced.")


def _about(name: str, key: str | bytes) -> Finding:
    content = key.encode() if isinstance(key, str) else key
    text = content.decode("latin-1").lower()
    if len(content) < _LEAST:
        return fault(f"{name} has {len(content)} bytes, and can be guessed.", _GENERATE)
    if text in _EXAMPLES or (len(content) < _ENOUGH and any(word in text for word in _WORDS)):
        return fault(f"{name} is one that people try first.", _GENERATE)
    if len(set(content)) < _FEWEST:
        return fault(f"{name} has few different characters, and can be guessed.", _GENERATE)
    if len(content) < _ENOUGH:
        return note(f"{name} has {len(content)} bytes; {_ENOUGH} random ones cannot be guessed.", _GENERATE)
    return ok(f"{name} has {len(content)} bytes.")

"""``flask myprofile …``: what an operator does with tables, sessions, tokens and accounts."""

from .command_group import group as group

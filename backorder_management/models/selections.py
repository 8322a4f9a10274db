"""Selection fields that have the choices of another one."""

from __future__ import annotations


def get_choices_of(model: str, field: str):
    """The choices of a field of another model, labels in the reader's language."""
    return lambda self: self.env[model]._fields[field]._description_selection(self.env)

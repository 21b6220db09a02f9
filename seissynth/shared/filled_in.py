"""The default of dataclass fields that ``__post_init__`` fills in."""

from typing import Any

#: None until then; typed as the field's final type
FILLED_IN: Any = None

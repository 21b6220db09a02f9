"""The default of dataclass fields that ``__post_init__`` fills in."""

from typing import Any

#: None until then; typed so that such a field is what it becomes
FILLED_IN: Any = None

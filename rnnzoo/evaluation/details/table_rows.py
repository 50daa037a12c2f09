"""Tables of details, as rows of a CSV file have them."""

from __future__ import annotations

from typing import Any

#: One mapping for each row, the columns in the order they first appear.
TableRows = list[dict[str, Any]]

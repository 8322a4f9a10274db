"""Where things are. All that the commands install or write lives in LOCAL."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "backorder_management"
LOCAL = ROOT / ".local"
LOGS = LOCAL / "log"
CACHE = LOCAL / "cache"
SCREENSHOTS = LOCAL / "screenshots"
CONFIG = LOCAL / "odoo.conf"

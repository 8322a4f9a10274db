"""Pure decision rules: no Odoo import, frozen dataclasses in, dataclasses out."""

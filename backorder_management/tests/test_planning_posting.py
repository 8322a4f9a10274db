"""Which documents may be posted in the same moment: the pure rule."""

from __future__ import annotations

from unittest import TestCase

from odoo.addons.backorder_management.planning.posting import divide_into_waves


class TestWaves(TestCase):
    def test_nobody_in_common(self):
        self.assertEqual(divide_into_waves([[1], [2], [], []]), [[0, 1, 2, 3]])

    def test_one_owner(self):
        self.assertEqual(divide_into_waves([[1], [1], [1]]), [[0], [1], [2]])

    def test_few_waves(self):
        """Scenario: three documents of one owner, two of another, one of nobody."""
        self.assertEqual(
            divide_into_waves([[1], [1], [1], [2], [2], []]), [[0, 3, 5], [1, 4], [2]]
        )

    def test_several_owners(self):
        """Scenario: the second is of both owners, the third of the second owner."""
        self.assertEqual(divide_into_waves([[1], [1, 2], [2]]), [[0], [1], [2]])

    def test_nothing(self):
        self.assertEqual(divide_into_waves([]), [])

"""Expected days under stories drawn at random, and beside core's own forecast."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo import fields
from odoo.tests import tagged

from ..models.backorder_eta import EtaFinder
from .random_common import StoryMixin, a_few_stories, stories
from .test_eta import EtaCommon, noon

DEEDS = (
    "sell",
    "sell_for_later",
    "sell_starred",
    "expect",
    "expect",
    "put_off",
    "bring_less",
    "cancel_order",
    "cancel_arrival",
    "receive_some",
    "find_in_stock",
)

arrivals = st.lists(
    st.tuples(st.integers(1, 12), st.integers(2, 26)), min_size=0, max_size=4
)
sales = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 26), st.booleans()),
    min_size=1,
    max_size=5,
)


class StoriesOfGlasses(StoryMixin, EtaCommon):
    # ---------------------------------------------------------------------- deeds

    def _sell(self, quantity, _choice):
        self.orders |= self._create_order((self.glass, quantity))

    def _sell_for_later(self, quantity, choice):
        self.orders |= self._create_order(
            (self.glass, quantity), commitment_date=noon(3 + 4 * choice)
        )

    def _sell_starred(self, quantity, _choice):
        self.orders |= self._create_starred((self.glass, quantity))

    def _expect_some(self, quantity, choice):
        self.receipts |= self._expect(2 + 5 * choice, (self.glass, quantity))

    def _put_off(self, quantity, choice):
        if receipt := self._choose(self._get_coming(), choice):
            receipt.scheduled_date += timedelta(days=quantity - 3)

    def _bring_less(self, quantity, choice):
        if receipt := self._choose(self._get_coming(), choice):
            receipt.move_ids.product_uom_qty = quantity

    def _cancel_order(self, _quantity, choice):
        if order := self._choose(self._get_open_orders(), choice):
            order._action_cancel()

    def _cancel_arrival(self, _quantity, choice):
        self._choose(self._get_coming(), choice).action_cancel()

    def _receive_some(self, quantity, choice):
        if receipt := self._choose(self._get_coming(), choice):
            left = receipt.move_ids.product_uom_qty
            rest = self._validate(receipt, {self.glass: min(quantity, left)})
            self.receipts |= rest

    def _find_in_stock(self, quantity, _choice):
        self._put_stock(self.glass, quantity)

    def _get_coming(self):
        return self.receipts.filtered(lambda each: each.state not in ("done", "cancel"))

    def _get_open_orders(self):
        return self.orders.filtered(lambda order: order.state == "sale")

    def _do(self, deed, quantity, choice):
        names = {"expect": "expect_some"}
        getattr(self, f"_{names.get(deed, deed)}")(quantity, choice)
        self._settle()


@tagged("post_install", "-at_install")
class TestExpectedDaysAtRandom(StoriesOfGlasses):
    # ----------------------------------------------------------------- properties

    @a_few_stories
    @given(stories(DEEDS))
    def test_after_any_story(self, story):
        """WHATEVER happens
        THEN what is stored is what is found afresh, no arrival is given twice, nobody
            comes after who is ranked behind him, and nothing is expected in the past
        """
        with self._undone():
            self.orders = self.env["sale.order"]
            self.receipts = self.env["stock.picking"]
            for deed in story:
                self._do(*deed)
                self._check_stored()
            found = self._find()
            self._check_arrivals(found)
            self._check_ranks(found)
            with self.assertQueriesWriteNothing():
                self.env["backorder.demand"]._refresh_etas(self.glass.ids)

    def _find(self):
        finder = EtaFinder(self.env, fields.Datetime.now())
        return finder.find(self.glass.ids)

    def _get_rows(self):
        self.env.invalidate_all()
        return self.env["backorder.demand"].search([("product_id", "=", self.glass.id)])

    def _check_stored(self):
        found = self._find()
        for row in self._get_rows():
            expected = found.get(row.move_id.id)
            self.assertEqual(row.eta, (expected and expected.eta) or False)
            self.assertEqual(row.eta_kind, expected and expected.kind or False)
            if row.eta:
                self.assertGreaterEqual(row.eta, fields.Date.today())
            # one line and one demand an order
            self.assertEqual(row.sale_line_id.backorder_eta, row.eta)
            self.assertEqual(row.order_id.backorder_eta, row.eta)
            self.assertEqual(row.picking_id.backorder_eta, row.eta)
        others = self.orders - self._get_rows().order_id
        self.assertFalse(any(others.mapped("backorder_eta")))
        self.assertFalse(any(others.order_line.mapped("backorder_eta")))

    def _check_arrivals(self, found):
        given_away = {}
        for each in found.values():
            for move_id, quantity in each.shares:
                given_away[move_id] = given_away.get(move_id, 0.0) + quantity
        for move in self.env["stock.move"].browse(given_away):
            self.assertLessEqual(given_away[move.id], move.product_qty)

    def _check_ranks(self, found):
        """Of two that wait for as much, the one ranked before is not served later."""
        waiting = self._get_rows().filtered(
            lambda row: row.qty_short and not row.qty_allocated and not row.qty_free
        )
        ranks = waiting.move_id._get_ranks()
        ordered = waiting.sorted(lambda row: ranks[row.move_id.id])
        for number, first in enumerate(ordered):
            for later in ordered[number + 1 :]:
                if first.qty_short != later.qty_short or not later.eta:
                    continue
                shares = found[first.move_id.id].shares
                self.assertFalse(found[first.move_id.id].missing)
                last = max(self._get_day(move_id) for move_id, _part in shares)
                others = found[later.move_id.id].shares
                self.assertLessEqual(
                    last, max(self._get_day(move_id) for move_id, _part in others)
                )

    def _get_day(self, move_id):
        return self.env["stock.move"].browse(move_id).date

    def assertQueriesWriteNothing(self):  # noqa: N802 - unittest's own manner
        return _NothingWritten(self)

    # --------------------------------------------------------------- beside core

    @a_few_stories
    @given(st.integers(0, 10), arrivals, sales)
    def test_like_the_forecast_of_core(self, stock, coming, sold):
        """GIVEN core's order of service, and arrivals that are in time
        THEN each has the day that core forecasts, if not before the agreed one, and
            none where core knows none
        """
        with self._undone():
            self.env.company.resource_calendar_id = False
            if stock:
                self._put_stock(self.glass, stock)
            for quantity, day in coming:
                self._expect(day, (self.glass, quantity))
            orders = self.env["sale.order"]
            for quantity, day, starred in sold:
                order = self._create_order(
                    (self.glass, quantity), commitment_date=noon(day)
                )
                order.picking_ids.move_ids.priority = "1" if starred else "0"
                orders |= order
            self._settle()
            self.env.invalidate_all()
            for move in orders.picking_ids.move_ids:
                row = move.backorder_demand_ids
                if not row.qty_short:
                    continue
                forecast = move.forecast_expected_date
                known = move.forecast_availability >= move.product_qty
                expected = max(forecast, move.date_deadline).date() if known else False
                self.assertEqual(row.eta, expected)


class _NothingWritten:
    """No row changes: PostgreSQL's own count of changed rows in this transaction."""

    TABLES = ("backorder_demand", "sale_order", "sale_order_line", "stock_picking")

    def __init__(self, case):
        self.case = case

    def __enter__(self):
        self.before = self._count()

    def __exit__(self, error, *_details):
        if not error:
            self.case.assertEqual(self._count(), self.before)

    def _count(self):
        self.case.env.cr.execute(
            "SELECT relname, n_tup_upd FROM pg_stat_xact_user_tables"
            " WHERE relname = ANY(%s) ORDER BY 1",
            [list(self.TABLES)],
        )
        return self.case.env.cr.fetchall()

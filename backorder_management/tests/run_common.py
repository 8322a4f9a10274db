from odoo.fields import Command

from .common import BackorderCommon


class RunCommon(BackorderCommon):
    """Words for people who divide scarce stock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cup = cls._create_product("Cup")
        cls.env.company.backorder_on_receipt = "at_once"

    @classmethod
    def _create_strategy(cls, *criteria, segments=(), **values):
        """:param criteria: names, those that start with “-” are descending
        :param segments: pairs of filter and outcome
        """
        return cls.env["backorder.strategy"].create(
            {
                "name": "Test",
                "company_id": cls.env.company.id,
                "criterion_ids": [
                    Command.create(
                        {
                            "criterion": name.removeprefix("-"),
                            "descending": name.startswith("-"),
                        }
                    )
                    for name in criteria or ("date_needed", "order_date")
                ],
                "segment_ids": [
                    Command.create({"filter_domain": domain, "outcome": outcome})
                    for domain, outcome in segments
                ],
                **values,
            }
        )

    @classmethod
    def _simulate(cls, strategy=None, **values):
        if strategy:
            values["strategy_id"] = strategy.id
        run = cls.env["backorder.run"].create(values)
        run.action_simulate()
        return run

    @classmethod
    def _contest(cls, product, quantity=4, wanted=None):
        """Stock that one order holds and a starred one wants.

        :return: the holder and the starred order
        """
        cls._put_stock(product, quantity)
        holder = cls._create_order((product, quantity))
        return holder, cls._create_starred((product, wanted or quantity))

    def _line(self, run, order):
        return run.line_ids.filtered(lambda line: line.order_id == order)

    def assertReserved(self, order, *quantities):
        """What each line holds, in the product's unit."""
        self._settle()
        moves = order.order_line.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        held = [
            sum(
                moves.filtered(
                    lambda move, line=line: move.sale_line_id == line
                ).move_line_ids.mapped("quantity_product_uom")
            )
            for line in order.order_line
        ]
        self.assertEqual(held, list(quantities))

    def assertStockSound(self, *products):
        """Odoo's own check of reservations finds nothing to repair."""
        self.env.flush_all()
        for product in products:
            quants = self.env["stock.quant"].search([("product_id", "=", product.id)])
            lines = self.env["stock.move.line"].search(
                [
                    ("product_id", "=", product.id),
                    ("state", "not in", ("done", "cancel", "draft")),
                ]
            )
            internal = lines.filtered(
                lambda line: not line.location_id.should_bypass_reservation()
            )
            self.assertEqual(
                sum(quants.mapped("reserved_quantity")),
                sum(internal.mapped("quantity_product_uom")),
            )
            for quant in quants:
                self.assertGreaterEqual(quant.reserved_quantity, 0)
                if not quant.location_id.should_bypass_reservation():
                    self.assertLessEqual(quant.reserved_quantity, quant.quantity)

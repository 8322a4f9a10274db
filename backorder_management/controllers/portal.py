"""What customers wait for, on their pages."""

from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.sale.controllers.portal import CustomerPortal

from ..models.backorder_choice import LINK, OFFERED, PAGE
from ..models.backorder_choice_making import ChoiceRefused
from ..models.sale_order_portal import WAITING_STATES
from ..planning.states import BACKORDERED, HELD, PARTIAL, READY


class BackorderPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "backorder_count" in counters:
            lines = request.env["sale.order.line"]
            values["backorder_count"] = (
                lines.search_count(self._get_backorders_domain())
                if lines.has_access("read")
                else 0
            )
        return values

    @route(
        ["/my/backorders", "/my/backorders/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_backorders(
        self,
        page=1,
        sortby=None,
        filterby=None,
        search=None,
        search_in=None,
        **_kwargs,
    ):
        """What the customer, or his company, still waits for."""
        sortings = self._get_backorder_sortings()
        filters = self._get_backorder_filters()
        inputs = self._get_backorder_inputs()
        sortby = sortby if sortby in sortings else "expected"
        filterby = filterby if filterby in filters else "all"
        search_in = search_in if search_in in inputs else "all"
        domain = self._get_backorders_domain() & filters[filterby]["domain"]
        if search:
            domain &= self._get_backorder_search_domain(search_in, search)
        lines = request.env["sale.order.line"]
        may_read = lines.has_access("read")
        pager = portal_pager(
            url="/my/backorders",
            url_args={
                "sortby": sortby,
                "filterby": filterby,
                "search_in": search_in,
                "search": search,
            },
            total=lines.search_count(domain) if may_read else 0,
            page=page,
            step=self._items_per_page,
        )
        if may_read:
            lines = lines.search(
                domain,
                order=sortings[sortby]["order"],
                limit=self._items_per_page,
                offset=pager["offset"],
            )
        # sudo: transfers, which say what has become of these lines, are nothing that
        # customers read
        stories = [line._get_portal_story() for line in lines.sudo()]
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "stories": stories,
                "page_name": "backorder",
                "pager": pager,
                "default_url": "/my/backorders",
                "searchbar_sortings": sortings,
                "sortby": sortby,
                "searchbar_filters": filters,
                "filterby": filterby,
                "searchbar_inputs": inputs,
                "search_in": search_in,
                "search": search,
            }
        )
        return request.render("backorder_management.portal_my_backorders", values)

    def _get_backorders_domain(self) -> Domain:
        partner = request.env.user.partner_id.commercial_partner_id
        return Domain(
            [
                ("order_id.partner_id", "child_of", partner.ids),
                ("state", "=", "sale"),
                ("backorder_state", "in", WAITING_STATES),
            ]
        )

    def _get_backorder_sortings(self) -> dict:
        env = request.env
        return {
            "expected": {
                "label": env._("Expected"),
                "order": "backorder_eta, order_id, id",
            },
            "order": {"label": env._("Order"), "order": "order_id desc, id"},
            "since": {
                "label": env._("Waiting Longest"),
                "order": "backorder_since, id",
            },
        }

    def _get_backorder_filters(self) -> dict:
        env = request.env

        def having(*states):
            return Domain("backorder_state", "in", states)

        return {
            "all": {"label": env._("All"), "domain": Domain.TRUE},
            "waiting": {
                "label": env._("Waiting"),
                "domain": having(BACKORDERED, PARTIAL),
            },
            "soon": {"label": env._("Ships Soon"), "domain": having(READY)},
            "held": {"label": env._("There, on Hold"), "domain": having(HELD)},
            "unknown": {
                "label": env._("Day Not Known"),
                "domain": Domain("backorder_eta", "=", False)
                & having(BACKORDERED, PARTIAL),
            },
        }

    def _get_backorder_inputs(self) -> dict:
        env = request.env
        return {
            "all": {"label": env._("Search in All"), "input": "all"},
            "order": {"label": env._("Search in Orders"), "input": "order"},
            "product": {"label": env._("Search in Products"), "input": "product"},
        }

    def _get_backorder_search_domain(self, search_in, search) -> Domain:
        orders = Domain("order_id.name", "ilike", search) | Domain(
            "order_id.client_order_ref", "ilike", search
        )
        # of the line: customers need not have the right to read products
        products = Domain("name", "ilike", search)
        return {"order": orders, "product": products}.get(search_in, orders | products)

    # ------------------------------------------------------------------------- choices

    @route(
        "/my/orders/<int:order_id>/backorders/<int:line_id>",
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        sitemap=False,
    )
    def portal_backorder_line(
        self, order_id, line_id, access_token=None, kind=None, fingerprint="", **_kwargs
    ):
        """What can be chosen for a line of an order that the visitor may see."""
        try:
            order = self._document_check_access("sale.order", order_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        line = order.order_line.filtered(lambda each: each.id == line_id)
        url = order.get_portal_url(anchor="backorders")
        if not line:
            return self._render_no_choice(
                request.env._("This is no longer a part of your order."), url
            )
        if request.httprequest.method == "POST" and kind:
            error = self._choose(line, kind, fingerprint, PAGE)
            return self._render_choice(line, url, error)
        return self._render_choice(line, url)

    @route(
        "/my/backorder-choice/<string:token>",
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        sitemap=False,
    )
    def portal_backorder_choice(self, token, kind=None, fingerprint="", **_kwargs):
        """What can be chosen by the link of a notice. Following it chooses nothing, as
        mail programs follow links, too."""
        offer = request.env["backorder.choice"]._find_by_token(token)
        if not offer:
            return self._render_no_choice(
                request.env._("This link does not work: copy all of it."), status=404
            )
        if offer.state != OFFERED:
            return self._render_choice_made(offer)
        if not offer._is_open():
            return self._render_no_choice(
                request.env._(
                    "This link has expired: choose on the page of your order, or "
                    "answer our message."
                )
            )
        if request.httprequest.method == "POST" and kind:
            error = self._choose(offer.sale_line_id, kind, fingerprint, LINK, offer)
            if not error:
                return self._render_choice_made(offer)
            return self._render_choice(offer.sale_line_id, "", error)
        return self._render_choice(offer.sale_line_id, "")

    def _choose(self, line, kind, fingerprint, way, offer=None) -> str:
        """
        :return: why it could not be chosen, nothing where it was
        """
        user = request.env.user
        # what our own people see is not theirs to do
        order = line.order_id.with_user(user)
        if user._is_internal() and not order.has_access("write"):
            return request.env._("Only who may change the order chooses for customers.")
        person = line.order_id.partner_id if user._is_public() else user.partner_id
        kind, substitute = self._read_choice(kind)
        try:
            with request.env.cr.savepoint():
                line._choose(kind, fingerprint, person, way, offer, substitute)
        except ChoiceRefused as error:
            request.env.invalidate_all()
            return error.args[0]
        return ""

    def _read_choice(self, value) -> tuple[str, int | None]:
        """What a button stands for: a kind, and the product that is taken instead."""
        kind, _dash, product = value.partition("-")
        return kind, int(product) if product.isdecimal() else None

    def _render_choice(self, line, url, error=""):
        return request.render(
            "backorder_management.portal_backorder_choice",
            {
                "page_name": "backorder",
                "story": line._get_portal_story(),
                "choices": line._get_portal_choices(),
                "made": line._get_latest_choice(),
                "fingerprint": line._get_choice_fingerprint(),
                "order_url": url,
                "error": error,
            },
        )

    def _render_choice_made(self, offer):
        if not offer.made_at:
            return self._render_no_choice(
                request.env._(
                    "This was answered in another way meanwhile: see the page of your "
                    "order."
                )
            )
        return request.render(
            "backorder_management.portal_backorder_choice",
            {
                "page_name": "backorder",
                "story": offer.sale_line_id._get_portal_story(),
                "choices": [],
                "made": offer,
                "order_url": "",
                "error": "",
            },
        )

    def _render_no_choice(self, error, url="", status=200):
        return request.render(
            "backorder_management.portal_backorder_choice",
            {
                "page_name": "backorder",
                "story": None,
                "choices": [],
                "made": None,
                "order_url": url,
                "error": error,
            },
            status=status,
        )

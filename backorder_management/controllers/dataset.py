from odoo.http import route

from odoo.addons.web.controllers.dataset import DataSet


class BackorderDataSet(DataSet):
    """Tells the web client's Confirm buttons from other programs."""

    @route()
    def call_button(self, model, method, args, kwargs, path=None):
        # Only the web client's buttons come this way; it can open a dialog, where other
        # programs that call `action_confirm` get an error. Renaming the buttons instead
        # would break views and tours of other modules that look for their name.
        if (model, method) == ("sale.order", "action_confirm"):
            method = "action_confirm_or_ask"
        return super().call_button(model, method, args, kwargs, path)

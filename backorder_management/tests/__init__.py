from . import test_reservation_differential
from . import test_invoicing
from . import test_planning_invoicing
from . import test_demo
from . import test_invoicing_concurrency
from . import test_invoicing_routes

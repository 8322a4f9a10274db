from . import test_reservation_differential

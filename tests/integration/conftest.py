"""What holds for the suites of the whole program: each is run in every world."""

from tests.support.worlds import in_every_world

pytest_generate_tests = in_every_world

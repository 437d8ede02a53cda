"""What holds for the suites of the whole program."""

from tests.support.worlds import in_memory_at_least

pytest_generate_tests = in_memory_at_least

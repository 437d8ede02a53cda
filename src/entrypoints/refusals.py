"""What ends a command: settings that cannot be meant, and a server that says no."""


class BadSettings(Exception):
    """The settings cannot be meant so; the message names each offence and what would be right."""


class ApiRefusal(Exception):
    """What the server said no to, in its words."""

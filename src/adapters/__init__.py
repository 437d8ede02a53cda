"""The only place where a third-party system has a name: one folder per port family, one file per technology."""

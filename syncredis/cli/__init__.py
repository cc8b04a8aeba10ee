"""The command line ``syncredis``: `main` dispatches, and each subcommand has a module. Needs the ``cli`` extra (rich)."""

"""The command line: one module a group of commands, each thin; heavy parts load where used."""

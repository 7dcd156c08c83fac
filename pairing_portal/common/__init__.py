"""The floor every room stands on: scope type, access getters, spreadsheets, registries, form helpers. Imports no app."""

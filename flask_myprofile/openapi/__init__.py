"""The OpenAPI document: every page and action, made from the rules, tabs and forms of the app that is running."""

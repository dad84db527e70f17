"""``flask myprofile doctor``: is this app set up as the extension needs it? One check a file."""

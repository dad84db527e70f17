"""Every request and every sign-in: is this session live, how does one begin, get a new secret and end."""

"""Single Sign-On: who signed in by it, recent sign-in at the provider, and signing out with it."""

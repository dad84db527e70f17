"""The rules of an account. Nothing here knows the web: rules answer codes and numbers, a tab says them in words."""

"""What is around every page: routes, access control, forms, layout and recent sign-in."""

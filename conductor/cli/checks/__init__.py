"""What `conductor doctor` looks at. Nothing here changes anything."""

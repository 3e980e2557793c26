rows=40

all is well

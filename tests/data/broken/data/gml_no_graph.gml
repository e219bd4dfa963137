creator "x"

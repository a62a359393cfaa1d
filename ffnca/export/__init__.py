"""Files to show: animations and sheets made from rendered frames."""

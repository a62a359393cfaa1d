"""Files to show: animations and pages made from rendered frames."""

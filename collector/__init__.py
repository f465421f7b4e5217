"""Head office: takes in what hubs report and shows which sites live."""

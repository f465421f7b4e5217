var name = person?.name;

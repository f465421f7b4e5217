var name = person ?? other;

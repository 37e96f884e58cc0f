"""citebot in Discord: questions in, cited answers out, with good manners."""

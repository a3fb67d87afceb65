package temporald

// SourceHash lets tests make a checkout in which nothing is to be built.
var SourceHash = sourceHash

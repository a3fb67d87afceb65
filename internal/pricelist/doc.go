// Package pricelist reads and writes what a business offers as a table that its owner keeps in a
// spreadsheet: a CSV file with a row for each product or service, and a column for each language.
//
// Owners' files come from many programs. So the columns may be in any order and named in English
// or Swahili; commas, semicolons and tabs may separate them; prices may be written as people write
// them. What cannot be read for certain is an error that names the line and what would be right,
// and then nothing of the file is taken.
//
// Everything here is pure: [Read] makes a table of a file, [Table.Apply] changes a profile by it,
// [Write] makes a file of a profile.
package pricelist

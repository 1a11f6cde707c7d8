package token

// SetOf is setOf, for the tests outside the package.
var SetOf = setOf

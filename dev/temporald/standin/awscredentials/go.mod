module github.com/aws/aws-sdk-go-v2/credentials

go 1.26

require github.com/aws/aws-sdk-go-v2 v1.42.0

replace github.com/aws/aws-sdk-go-v2 => ../aws

package sandbox

// cloud is a cloud provider with the regions that Workers can be placed near to,
// https://developers.cloudflare.com/workers/configuration/placement/. No source has a complete response of this endpoint;
// the form is the one that clients read.
type cloud struct {
	ID      string       `json:"id"`
	Regions []cloudPlace `json:"regions"`
}

type cloudPlace struct {
	ID string `json:"id"`
}

func listRegions(*call) (*apiResponse, error) {
	of := func(id string, names ...string) cloud {
		c := cloud{ID: id}
		for _, name := range names {
			c.Regions = append(c.Regions, cloudPlace{name})
		}
		return c
	}
	return &apiResponse{result: map[string][]cloud{"providers": {
		of("aws", "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
			"eu-central-1", "eu-north-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "sa-east-1"),
		of("gcp", "us-central1", "us-east1", "us-east4", "us-west1", "europe-west1", "europe-west4", "asia-east1", "asia-northeast1", "asia-southeast1"),
		of("azure", "eastus", "eastus2", "westus2", "westeurope", "northeurope", "uksouth", "southeastasia", "japaneast"),
	}}}, nil
}

# What the scripts are about; a build job sets others.
SUBSCRIPTION=${SUBSCRIPTION:-3e2a9a4f-6f50-4f0c-9a0e-0c8a5d1b7a11}
GROUP=${GROUP:-rg-iris-dev}
WORKSPACE=${WORKSPACE:-mlw-iris-dev}
LOCATION=${LOCATION:-westeurope}
CLUSTER=${CLUSTER:-cpu-cluster}
MODEL=${MODEL:-iris}
ENDPOINT=${ENDPOINT:-iris-online}
DEPLOYMENT=${DEPLOYMENT:-blue}
POLL_SECONDS=${POLL_SECONDS:-8}

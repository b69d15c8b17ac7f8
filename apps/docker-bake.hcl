# Builds every image in one go, the independent ones side by side.
#   docker buildx bake --load            all
#   docker buildx bake --load frontend   one

group "default" {
  targets = ["registry", "redis", "pg", "haproxy", "frontend", "worker", "results", "overview", "interlock"]
}

# Always anew: the package lists in a cached base may name versions long gone. It is the only target that
# stands on an image that is not built here; each other one gets the stages below its own from a target, or it would
# build them once more, from the cache, with the packages of another day.
target "base" {
  context  = "base"
  target   = "base"
  no-cache = true
}

target "python" {
  context  = "base"
  target   = "python"
  contexts = { base = "target:base" }
}

target "python-build" {
  context  = "base"
  target   = "python-build"
  contexts = { python = "target:python", common = "./common" }
}

target "on-base" {
  name     = image
  matrix   = { image = ["registry", "redis", "haproxy"] }
  context  = image
  contexts = { base = "target:base" }
  tags     = ["landslide/${image}"]
}

target "on-python" {
  name     = image
  matrix   = { image = ["pg", "frontend", "worker", "results", "overview"] }
  context  = image
  contexts = { python = "target:python", python-build = "target:python-build" }
  tags     = ["landslide/${image}"]
}

# Interlock stands on the haproxy image: it checks a configuration with the very binary that runs it.
target "interlock" {
  context  = "interlock"
  contexts = {
    haproxy      = "target:haproxy"
    python-build = "target:python-build"
  }
  tags = ["landslide/interlock"]
}

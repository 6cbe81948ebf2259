// SPDX-License-Identifier: Apache-2.0
/**
 * Prints what a Vulkan driver's compiler makes of fragment shaders: a line of JSON each, and its assembly in a file.
 * Nothing is drawn, so a null device will do. A shader is given by a line of the standard input:
 *
 *     FRAGMENT.spv OUTPUTS BINDINGS UNIFORM_BINDING ASSEMBLY.txt
 *
 *     cc radv_statistics.c -o radv_statistics -lvulkan
 *     RADV_FORCE_FAMILY=NAVI21 VK_ICD_FILENAMES=…/radeon_icd.json ./radv_statistics VERTEX.spv
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define MOST 64
#define CHECK(call)                                           \
  do {                                                        \
    VkResult result = (call);                                 \
    if (result != VK_SUCCESS) fail(#call, (int)result);       \
  } while (0)
#define NEXT(name) PFN_##name p##name = (PFN_##name)vkGetDeviceProcAddr(device, #name)

static VkDevice device;

static void fail(const char *what, int code) {
  fprintf(stderr, "%s: %d\n", what, code);
  _Exit(1); // The null device's own exit handlers may crash.
}

static VkShaderModule load(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path, 0);
  fseek(file, 0, SEEK_END);
  size_t size = ftell(file);
  rewind(file);
  uint32_t *code = malloc(size);
  if (fread(code, 1, size, file) != size) fail(path, 1);
  fclose(file);
  VkShaderModuleCreateInfo info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = size, .pCode = code};
  VkShaderModule module;
  CHECK(vkCreateShaderModule(device, &info, 0, &module));
  free(code);
  return module;
}

static void open_device(void) {
  VkApplicationInfo app = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
  VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
  VkInstance instance;
  CHECK(vkCreateInstance(&info, 0, &instance));
  uint32_t count = 1;
  VkPhysicalDevice physical;
  vkEnumeratePhysicalDevices(instance, &count, &physical);
  if (count == 0) fail("there is no device", 0);
  float priority = 1;
  VkDeviceQueueCreateInfo queue = {
      VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
  const char *extension = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, .pipelineExecutableInfo = 1};
  VkPhysicalDeviceVulkan13Features features = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &executables, .dynamicRendering = 1};
  VkDeviceCreateInfo create = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features, .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue, .enabledExtensionCount = 1, .ppEnabledExtensionNames = &extension};
  CHECK(vkCreateDevice(physical, &create, 0, &device));
}

static VkPipeline pipeline_of(VkShaderModule vertex, VkShaderModule fragment, int outputs, int bindings, int uniforms) {
  VkDescriptorSetLayoutBinding binding[MOST];
  for (int n = 0; n < bindings; n++) {
    VkDescriptorType type =
        n == uniforms ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    binding[n] = (VkDescriptorSetLayoutBinding){n, type, 1, VK_SHADER_STAGE_ALL, 0};
  }
  VkDescriptorSetLayoutCreateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = bindings, .pBindings = binding};
  VkDescriptorSetLayout set;
  CHECK(vkCreateDescriptorSetLayout(device, &set_info, 0, &set));
  VkPipelineLayoutCreateInfo layout_info = {
      VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set};
  VkPipelineLayout layout;
  CHECK(vkCreatePipelineLayout(device, &layout_info, 0, &layout));

  VkPipelineShaderStageCreateInfo stages[2] = {
      {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_VERTEX_BIT, .module = vertex,
          .pName = "main"},
      {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_FRAGMENT_BIT, .module = fragment,
          .pName = "main"}};
  VkPipelineVertexInputStateCreateInfo input = {VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  VkPipelineInputAssemblyStateCreateInfo assembly = {
      VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO, .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
  VkViewport area = {0, 0, 64, 64, 0, 1};
  VkRect2D scissor = {{0, 0}, {64, 64}};
  VkPipelineViewportStateCreateInfo viewport = {VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
      .viewportCount = 1, .pViewports = &area, .scissorCount = 1, .pScissors = &scissor};
  VkPipelineRasterizationStateCreateInfo raster = {
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO, .lineWidth = 1};
  VkPipelineMultisampleStateCreateInfo samples = {
      VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO, .rasterizationSamples = 1};
  VkPipelineColorBlendAttachmentState attachments[MOST];
  VkFormat formats[MOST];
  memset(attachments, 0, sizeof attachments);
  for (int n = 0; n < outputs; n++) {
    attachments[n].colorWriteMask = 15;
    formats[n] = VK_FORMAT_R32G32B32A32_SFLOAT;
  }
  VkPipelineColorBlendStateCreateInfo blend = {VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
      .attachmentCount = outputs, .pAttachments = attachments};
  VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
      .colorAttachmentCount = outputs, .pColorAttachmentFormats = formats};
  VkGraphicsPipelineCreateInfo info = {VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO, &rendering,
      VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR,
      .stageCount = 2, .pStages = stages, .pVertexInputState = &input, .pInputAssemblyState = &assembly,
      .pViewportState = &viewport, .pRasterizationState = &raster, .pMultisampleState = &samples,
      .pColorBlendState = &blend, .layout = layout};
  VkPipeline pipeline;
  CHECK(vkCreateGraphicsPipelines(device, 0, 1, &info, 0, &pipeline));
  return pipeline;
}

static void print_statistics(const VkPipelineExecutableInfoKHR *executable) {
  NEXT(vkGetPipelineExecutableStatisticsKHR);
  VkPipelineExecutableStatisticKHR statistics[MOST];
  memset(statistics, 0, sizeof statistics);
  uint32_t count = MOST;
  for (int n = 0; n < MOST; n++) statistics[n].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
  pvkGetPipelineExecutableStatisticsKHR(device, executable, &count, statistics);
  const char *separator = "{";
  for (uint32_t n = 0; n < count; n++) {
    if (statistics[n].format != VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR) continue;
    printf("%s\"%s\": %llu", separator, statistics[n].name, (unsigned long long)statistics[n].value.u64);
    separator = ", ";
  }
  printf("}\n");
}

/** The last of the representations is the assembly. */
static void write_assembly(const VkPipelineExecutableInfoKHR *executable, const char *path) {
  NEXT(vkGetPipelineExecutableInternalRepresentationsKHR);
  VkPipelineExecutableInternalRepresentationKHR texts[MOST];
  memset(texts, 0, sizeof texts);
  uint32_t count = 0;
  pvkGetPipelineExecutableInternalRepresentationsKHR(device, executable, &count, 0);
  if (count == 0 || count > MOST) fail("no assembly", (int)count);
  for (uint32_t n = 0; n < count; n++) texts[n].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
  pvkGetPipelineExecutableInternalRepresentationsKHR(device, executable, &count, texts);
  for (uint32_t n = 0; n < count; n++) texts[n].pData = calloc(1, texts[n].dataSize + 1);
  pvkGetPipelineExecutableInternalRepresentationsKHR(device, executable, &count, texts);
  FILE *file = fopen(path, "w");
  if (!file) fail(path, 0);
  fputs(texts[count - 1].pData, file);
  fclose(file);
  for (uint32_t n = 0; n < count; n++) free(texts[n].pData);
}

int main(int count, char **arguments) {
  if (count != 2) fail("usage: radv_statistics VERTEX.spv < SHADERS", count);
  open_device();
  NEXT(vkGetPipelineExecutablePropertiesKHR);
  VkShaderModule vertex = load(arguments[1]);
  char path[4096], assembly[4096];
  int outputs, bindings, uniforms;
  while (scanf("%4095s %d %d %d %4095s", path, &outputs, &bindings, &uniforms, assembly) == 5) {
    if (outputs > MOST || bindings > MOST) fail(path, bindings);
    VkPipeline pipeline = pipeline_of(vertex, load(path), outputs, bindings, uniforms);
    VkPipelineInfoKHR info = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline};
    VkPipelineExecutablePropertiesKHR executables[MOST];
    memset(executables, 0, sizeof executables);
    uint32_t found = MOST;
    for (int n = 0; n < MOST; n++) executables[n].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
    CHECK(pvkGetPipelineExecutablePropertiesKHR(device, &info, &found, executables));
    for (uint32_t n = 0; n < found; n++) {
      if (!(executables[n].stages & VK_SHADER_STAGE_FRAGMENT_BIT)) continue;
      VkPipelineExecutableInfoKHR one = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline,
          .executableIndex = n};
      print_statistics(&one);
      write_assembly(&one, assembly);
    }
    vkDestroyPipeline(device, pipeline, 0);
  }
  fflush(stdout);
  _Exit(0);
}

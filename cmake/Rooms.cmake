# A room is a folder of the source tree and one static library; the product is the shared library
# made of all rooms (so that modules loaded at run time share its symbols) and the program on it.

function(sightline_target_of room result)
  string(REPLACE "/" "_" name "sightline_${room}")
  set(${result} ${name} PARENT_SCOPE)
endfunction()

# sightline_room(FOLDER DEPENDS rooms... SYSTEM imported targets...)
function(sightline_room room)
  cmake_parse_arguments(arg "" "" "DEPENDS;SYSTEM" ${ARGN})
  sightline_target_of(${room} target)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${room}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} sightline_settings ${arg_SYSTEM})
  foreach(dependency IN LISTS arg_DEPENDS)
    sightline_target_of(${dependency} dependency_target)
    target_link_libraries(${target} ${scope} ${dependency_target})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY SIGHTLINE_ROOMS ${target})
  set_property(GLOBAL APPEND PROPERTY SIGHTLINE_LIBRARIES ${arg_SYSTEM})
endfunction()

function(sightline_product)
  get_property(rooms GLOBAL PROPERTY SIGHTLINE_ROOMS)
  foreach(room IN LISTS rooms)
    get_target_property(type ${room} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND objects $<TARGET_OBJECTS:${room}>)
    endif()
  endforeach()
  add_library(sightline SHARED ${objects})
  add_library(Sightline::sightline ALIAS sightline)
  set_target_properties(sightline PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE CXX)
  get_property(libraries GLOBAL PROPERTY SIGHTLINE_LIBRARIES)
  target_link_libraries(sightline PRIVATE $<BUILD_INTERFACE:sightline_settings>)
  foreach(library IN LISTS libraries)
    target_link_libraries(sightline PRIVATE $<BUILD_INTERFACE:${library}>)
  endforeach()
  target_link_libraries(sightline PUBLIC fmt::fmt nlohmann_json::nlohmann_json)
  target_include_directories(sightline INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/sightline>)
  target_compile_features(sightline PUBLIC cxx_std_20)

  add_executable(sightline_program ${PROJECT_SOURCE_DIR}/harness/cli/main.cpp)
  set_target_properties(sightline_program PROPERTIES OUTPUT_NAME sightline
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  target_link_libraries(sightline_program PRIVATE sightline sightline_settings)
endfunction()

# sightline_module(NAME [PARTS folders...] DEPENDS rooms... SYSTEM imported targets...): models/NAME as a
# module that is loaded on demand like a user's own, for what needs a heavy library. Its parts (folders
# of models/, lowest first; only NAME where none are given) are libraries of their own, which tests
# link; the rooms it depends on come from the product at run time.
function(sightline_module name)
  cmake_parse_arguments(arg "" "" "PARTS;DEPENDS;SYSTEM" ${ARGN})
  if(NOT arg_PARTS)
    set(arg_PARTS ${name})
  endif()
  set(entry ${PROJECT_SOURCE_DIR}/models/${name}/module.cpp)
  foreach(part IN LISTS arg_PARTS)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/${part}/*.cpp)
    list(REMOVE_ITEM sources ${entry})
    set(library sightline_models_${part})
    add_library(${library} STATIC ${sources})
    target_link_libraries(${library} PUBLIC sightline_settings ${arg_SYSTEM} ${lower_parts})
    foreach(dependency IN LISTS arg_DEPENDS)
      sightline_target_of(${dependency} dependency_target)
      target_link_libraries(${library} PUBLIC ${dependency_target})
    endforeach()
    list(APPEND lower_parts ${library})
    list(APPEND objects $<TARGET_OBJECTS:${library}>)
  endforeach()

  add_library(sightline_${name} MODULE ${entry} ${objects})
  set_target_properties(sightline_${name} PROPERTIES PREFIX "" INSTALL_RPATH "$ORIGIN/..")
  target_link_libraries(sightline_${name} PRIVATE sightline sightline_settings ${arg_SYSTEM})
  set_property(GLOBAL APPEND PROPERTY SIGHTLINE_MODULES sightline_${name})
endfunction()

function(sightline_install)
  include(CMakePackageConfigHelpers)
  install(TARGETS sightline EXPORT SightlineTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS sightline_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  get_property(modules GLOBAL PROPERTY SIGHTLINE_MODULES)
  install(TARGETS ${modules} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/sightline)
  foreach(folder harness metrics models results tasks)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sightline FILES_MATCHING PATTERN "*.h")
  endforeach()
  install(EXPORT SightlineTargets NAMESPACE Sightline::
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Sightline)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/SightlineConfig.cmake.in
    ${CMAKE_BINARY_DIR}/SightlineConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Sightline)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/SightlineConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/SightlineConfig.cmake ${CMAKE_BINARY_DIR}/SightlineConfigVersion.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Sightline)
endfunction()
